set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'sparsity-hardware.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'What sparsity buys on different machines' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'one layer of 12288 x 12288 weights, against the same machine''s dense product' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Solid: simulated, 131072 tokens on the wafer, forward, zeros anywhere. Dashed: measured by the authors of cs3sim on one' at screen 0.02, screen 0.11 left font ',12' textcolor rgb '#444444'
set label 'NVIDIA H200 (141 GB, 700 W) on 2026-11-28, PyTorch 2.11, CUDA 13, cuSPARSELt 0.8: medians of device-event timings, random' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'data; joules of the board; lines join measurements, nothing is continued beyond them. Each curve is relative to the dense' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'product of its own machine: it does not say which machine is faster. Theory: 1 / (1 - sparsity).' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.7533
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2317
set label 'sparsity (share of zeros)' at graph 0.5, screen 0.155 center
set label 'speed-up over dense (times, log scale)' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set logscale y
set yrange [0.006:120]
set ytics (0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100)
set ytics (0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10, 20, 50, 100)
set xrange [-0.02:1.01]
set xtics 0, 0.1, 1
set samples 400
plot 1 with lines linewidth 1 linecolor rgb '#666666' dashtype (1,3) notitle, \
  (x >= 0 && x < 0.99 ? 1 / (1 - x) : NaN) with lines linewidth 1.5 linecolor rgb '#000000' title 'theory', \
  'sparsity-hardware.dat' index 0 using 'sparsity':'speedup' with linespoints linewidth 2 pointsize 0.9 pointtype 7 dashtype solid linecolor rgb '#0072B2' title 'cs2, simulated', \
  'sparsity-hardware.dat' index 1 using 'sparsity':'speedup' with linespoints linewidth 2 pointsize 0.9 pointtype 9 dashtype solid linecolor rgb '#D55E00' title 'cs3-silicon, simulated', \
  'sparsity-hardware.dat' index 2 using 'sparsity':'speedup' with linespoints linewidth 2 pointsize 0.9 pointtype 4 dashtype (8,4) linecolor rgb '#009E73' title 'h200, unstructured, measured', \
  'sparsity-hardware.dat' index 3 using 'sparsity':'speedup' with linespoints linewidth 2 pointsize 0.9 pointtype 12 dashtype (8,4) linecolor rgb '#E69F00' title 'h200, 2:4, measured', \
  'sparsity-hardware.dat' index 4 using 'sparsity':'speedup' with linespoints linewidth 2 pointsize 0.9 pointtype 6 dashtype (8,4) linecolor rgb '#CC79A7' title 'h200, block-64, measured'
