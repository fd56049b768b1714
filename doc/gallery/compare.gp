set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'compare.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Training throughput by machine' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b, 70 % uniform sparsity, 1024 sequences of 4096 tokens a step' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Above the bars: speed-up of the sparse over the dense step on that machine, each on its fastest mapping.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.175
set label 'machine' at graph 0.5, screen 0.0983 center
set label 'throughput [thousand tokens/s]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:240.782305049005]
set xrange [-0.6:3.6]
set xtics ('cs2' 0, 'cs3' 1, 'cs3-double-ingress' 2, 'cs3-big-sram' 3)
set boxwidth 0.32
set label '2.29 x' at 0.17, 118.745407845935 center offset 0, 0.7
set label '1.91 x' at 1.17, 186.100061023941 center offset 0, 0.7
set label '1.94 x' at 2.17, 189.227470204153 center offset 0, 0.7
set label '1.97 x' at 3.17, 214.984200936612 center offset 0, 0.7
plot 'compare.dat' using (column('place') + -0.17):(column('dense_tokens_per_s') / 1000) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'dense weights', \
  'compare.dat' using (column('place') + 0.17):(column('tokens_per_s') / 1000) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'sparse weights'
