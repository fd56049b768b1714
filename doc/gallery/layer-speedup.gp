set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'layer-speedup.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'How much of the theoretical speed-up one linear layer gets' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '12288 x 12288, forward pass, uniform sparsity' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Theory: 1 / (1 - sparsity). Sparse and dense pass each on its fastest mapping; seed 1. With few tokens the stream of' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'weights decides: a sparse weight takes twice the bits of a dense one.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim, fidelity recurrence.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.7167
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'sparsity (share of zeros)' at graph 0.5, screen 0.1267 center
set label 'simulated / theoretical speed-up [%]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:105]
set xrange [0:1]
plot 'layer-speedup.dat' index 0 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype 1 pointtype 7 pointsize 0.8 linecolor rgb '#D55E00' title 'cs2, 32 k tokens', \
  'layer-speedup.dat' index 1 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype (10,5) pointtype 9 pointsize 0.8 linecolor rgb '#D55E00' title 'cs3, 32 k tokens', \
  'layer-speedup.dat' index 2 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype 1 pointtype 7 pointsize 0.8 linecolor rgb '#E69F00' title 'cs2, 64 k tokens', \
  'layer-speedup.dat' index 3 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype (10,5) pointtype 9 pointsize 0.8 linecolor rgb '#E69F00' title 'cs3, 64 k tokens', \
  'layer-speedup.dat' index 4 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype 1 pointtype 7 pointsize 0.8 linecolor rgb '#009E73' title 'cs2, 128 k tokens', \
  'layer-speedup.dat' index 5 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype (10,5) pointtype 9 pointsize 0.8 linecolor rgb '#009E73' title 'cs3, 128 k tokens', \
  'layer-speedup.dat' index 6 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype 1 pointtype 7 pointsize 0.8 linecolor rgb '#0072B2' title 'cs2, 256 k tokens', \
  'layer-speedup.dat' index 7 using 'sparsity':'share_percent' with linespoints linewidth 2 dashtype (10,5) pointtype 9 pointsize 0.8 linecolor rgb '#0072B2' title 'cs3, 256 k tokens'
