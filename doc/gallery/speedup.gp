set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'speedup.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Training speed-up by weight sparsity: llama7b on cs3-silicon' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '1024 sequences of 4096 tokens a step, uniform sparsity' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Theory: multiply-accumulates of the dense step divided by those that are left. Where the plan changes, the linear layers' at screen 0.02, screen 0.1383 left font ',12' textcolor rgb '#444444'
set label 'run with another number of tokens on the wafer: their curve may fall while the whole step gains.' at screen 0.02, screen 0.11 left font ',12' textcolor rgb '#444444'
set label 'Tokens on the wafer: 262144 up to 0.25 (recompute operation), 200704 up to 0.95 (recompute operation). Thin vertical' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'lines: the plan changes.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Clock 0.75 GHz; model attention, seed 1. Source: simulated by cs3sim 0.1.0 (model version 6), fidelity recurrence.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.26
set label 'sparsity of the blocks'' linear weights (share of zeros)' at graph 0.5, screen 0.1833 center
set label 'speed-up over dense (times, log scale)' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set xrange [-0.01:0.96]
set arrow from first 0.275, graph 0 to first 0.275, graph 1 nohead back linecolor rgb '#999999' linewidth 1 dashtype (2,3)
set label 'from here 200704 tokens, recompute operation' at first 0.275, graph 0.99 right rotate by 90 offset 0.7, 0 font ',10' textcolor rgb '#666666'
set logscale y
set yrange [0.892857142857143:22.4]
set ytics (1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20)
plot 1 with lines linewidth 1 linecolor rgb '#666666' dashtype (1,3) notitle, \
  'speedup.dat' index 1 using 'sparsity':'step_theory' with lines linewidth 2 dashtype (12,6) linecolor rgb '#0072B2' title 'whole step, theory', \
  'speedup.dat' index 1 using 'sparsity':'linear_theory' with lines linewidth 2 dashtype (3,4) linecolor rgb '#D55E00' title 'linear layers, theory', \
  'speedup.dat' index 0 using 'sparsity':'step_simulated' with linespoints linewidth 2.2 pointsize 0.9 pointtype 7 linecolor rgb '#0072B2' title 'whole step, simulated', \
  'speedup.dat' index 0 using 'sparsity':'linear_simulated' with linespoints linewidth 2.2 pointsize 0.9 pointtype 9 linecolor rgb '#D55E00' title 'linear layers, simulated'
