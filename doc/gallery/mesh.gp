set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'mesh.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
stats 'mesh.dat' using (100*column('pe_busy_share')) name 'pe' nooutput
stats 'mesh.dat' using (100*column('busiest_link_share')) name 'link' nooutput
top = 10*ceil((pe_max > link_max ? pe_max : link_max)/10)
set cbrange [0:top > 10 ? top : 10]
set palette defined (0 '#440154', 1 '#482878', 2 '#3e4a89', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6cce59', 8 '#b4de2c', 9 '#fde725')
unset key
unset grid
set tics out nomirror textcolor rgb '#222222'
set border linecolor rgb '#444444'
set xrange [-0.5:47.5]
set yrange [31.5:-0.5]
set xtics autofreq
set ytics autofreq
set xlabel 'PE x'
set ylabel 'PE y'
set cblabel 'busy [% of cycles]'
set multiplot
set label 'centre on 48x32 PEs: where the cycles go' at screen 0.02, screen 0.955 left font ',19'
set label 'cs3, wavelet by wavelet: 10795 cycles' at screen 0.02, screen 0.91 left textcolor rgb '#444444'
set label 'Share of the run''s cycles in which a PE computes, and in which the busiest of its links carries a wavelet.' at screen 0.02, screen 0.055 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity event.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
unset colorbox
set lmargin at screen 0.1
set rmargin at screen 0.44
set bmargin at screen 0.351333333333333
set tmargin at screen 0.668666666666667
set title 'PE'
plot 'mesh.dat' using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):(column('y')-0.5):(column('y')+0.5):(100*column('pe_busy_share')) with boxxyerror fillcolor palette fillstyle solid noborder
unset label
set colorbox
unset ylabel
set lmargin at screen 0.51
set rmargin at screen 0.85
set bmargin at screen 0.351333333333333
set tmargin at screen 0.668666666666667
set title 'busiest outgoing link of the PE'
plot 'mesh.dat' using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):(column('y')-0.5):(column('y')+0.5):(100*column('busiest_link_share')) with boxxyerror fillcolor palette fillstyle solid noborder
unset label
unset multiplot
