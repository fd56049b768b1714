set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'heatmap.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Training speed-up over sparsity and io.rate: llama7b' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '25 points on cs3-silicon' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'In the cells: speed-up over dense (times), and what takes most of the step beside MACs at peak. Empty: the model does not' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'fit the machine.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8633
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 1 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'io.rate' at graph 0.5, screen 0.1267 center
set label 'sparsity' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6cce59', 8 '#b4de2c', 9 '#fde725')
set lmargin at screen 0.14
set rmargin at screen 0.81
unset grid
set cblabel 'speed-up over dense (times)'
set xrange [-0.5:4.5]
set xtics ('600 Gb/s' 0, '1.2 Tb/s' 1, '1.8 Tb/s' 2, '2.4 Tb/s' 3, '3 Tb/s' 4)
set yrange [-0.5:4.5]
set ytics ('0.5' 0, '0.6' 1, '0.7' 2, '0.8' 3, '0.9' 4)
set cbrange [1.44619212131809:2.9491357594765]
v = 0
middle = 2.27281112230522
plot 'heatmap.dat' using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):(column('y')-0.5):(column('y')+0.5):(column('value')) with boxxyerror fillcolor palette fillstyle solid border linecolor rgb '#ffffff' notitle, \
  'heatmap.dat' using (v = column('value'), v <= middle ? column('x') : NaN):'y':(sprintf(v < 10 ? '%.2f' : '%.0f', v)) with labels center offset 0, 0.5 font ',13' textcolor rgb '#ffffff' notitle, \
  'heatmap.dat' using (v = column('value'), v <= middle ? column('x') : NaN):'y':(stringcolumn('held_by')) with labels center offset 0, -0.5 font ',13' textcolor rgb '#ffffff' notitle, \
  'heatmap.dat' using (v = column('value'), v > middle ? column('x') : NaN):'y':(sprintf(v < 10 ? '%.2f' : '%.0f', v)) with labels center offset 0, 0.5 font ',13' textcolor rgb '#000000' notitle, \
  'heatmap.dat' using (v = column('value'), v > middle ? column('x') : NaN):'y':(stringcolumn('held_by')) with labels center offset 0, -0.5 font ',13' textcolor rgb '#000000' notitle
