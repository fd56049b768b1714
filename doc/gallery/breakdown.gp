set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'breakdown.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Where a training step goes: llama7b on cs3-silicon' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '1024 sequences of 4096 tokens a step, uniform sparsity' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Theory: the dense step divided by the theoretical speed-up (MACs alone).' at screen 0.02, screen 0.11 left font ',12' textcolor rgb '#444444'
set label 'Tokens on the wafer: 262144 up to 0.25 (recompute operation), 200704 up to 0.95 (recompute operation). Thin vertical' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'lines: the plan changes.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Clock 0.75 GHz; model attention, seed 1. Source: simulated by cs3sim 0.1.0 (model version 6), fidelity recurrence.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8733
set rmargin at screen 0.69
set key at screen 0.695, screen 0.8733 left top Left reverse samplen 1.3 vertical maxcols 1 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2317
set label 'sparsity of the blocks'' linear weights (share of zeros)' at graph 0.5, screen 0.155 center
set label 'time of the step (dense step = 1)' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set xrange [-0.03:0.98]
set arrow from first 0.275, graph 0 to first 0.275, graph 1 nohead back linecolor rgb '#999999' linewidth 1 dashtype (2,3)
set label 'from here 200704 tokens, recompute operation' at first 0.275, graph 0.99 right rotate by 90 offset 0.7, 0 font ',10' textcolor rgb '#666666'
set yrange [0:1.04]
set boxwidth 0.04
plot 'breakdown.dat' using 'sparsity':(sum [c=2:14] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#bbbbbb' title 'fill, padding', \
  'breakdown.dat' using 'sparsity':(sum [c=2:13] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#777777' title 'MemoryX, SwarmX', \
  'breakdown.dat' using 'sparsity':(sum [c=2:12] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#CC79A7' title 'norms, softmax, embedding', \
  'breakdown.dat' using 'sparsity':(sum [c=2:11] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#009E73' title 'recomputation', \
  'breakdown.dat' using 'sparsity':(sum [c=2:10] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#2b7aa8' title 'attention: moves, waits', \
  'breakdown.dat' using 'sparsity':(sum [c=2:9] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#a6d8f4' title 'attention: softmax', \
  'breakdown.dat' using 'sparsity':(sum [c=2:8] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#56b4e9' title 'attention: lanes, issue', \
  'breakdown.dat' using 'sparsity':(sum [c=2:6] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#F0E442' title 'egress', \
  'breakdown.dat' using 'sparsity':(sum [c=2:5] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#E69F00' title 'ingress', \
  'breakdown.dat' using 'sparsity':(sum [c=2:4] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#D55E00' title 'reduction, moves', \
  'breakdown.dat' using 'sparsity':(sum [c=2:3] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#000000' title 'imbalance, issue, idle PEs', \
  'breakdown.dat' using 'sparsity':(sum [c=2:2] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#0072B2' title 'MACs at peak', \
  'breakdown.dat' using 'sparsity':'theory' with lines linewidth 2 linecolor rgb '#000000' dashtype (6,4) title 'theory'
