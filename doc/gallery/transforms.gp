set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'transforms.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'What the same FLOPs cost' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'resnet-18 at 75 % sparsity on cs3-silicon, 1024 samples a step' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Layers that can be sparse have the FLOPs of the dense ones, to rounding (Sparse-IFT, arXiv 2303.11525).' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 3 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.175
set label 'network' at graph 0.5, screen 0.0983 center
set label 'times the dense network' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:2.67357951747907]
set xrange [-0.6:4.6]
set xtics ('dense' 0, 'wide' 1, 'parallel' 2, 'factorized' 3, 'doped' 4)
set boxwidth 0.24
plot 'transforms.dat' using (column('place') + -0.26):(column('time')) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'time of a step', \
  'transforms.dat' using (column('place') + 0):(column('energy')) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#E69F00' title 'energy of a step', \
  'transforms.dat' using (column('place') + 0.26):(column('memory')) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'activation memory'
