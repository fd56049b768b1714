set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'posterior.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'What measured rates say of unpublished constants' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '14 measured rates, 1024 machines simulated' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'The 16 constants that the rates narrow most, each over its plausible range; before, every value of the range is as likely.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: cs3sim calibrate 0.1.0, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.175
set label 'share of the range' at graph 0.5, screen 0.0983 center
set label '' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set lmargin at screen 0.3834
set xrange [0:2.17061870503597]
set yrange [0.3:16.7]
set xtics ('0' 0, '0.5' 0.5, '1' 1)
set ytics ('step.edge' 16, 'kernel.acc_precision' 15, 'wafer.clock' 14, 'kernel.backward' 13, 'kernel.accumulator_slots' 12, 'kernel.weight_overhead' 11, 'kernel.backward_overlap' 10, 'memoryx.bytes_per_param_momentum' 9, 'swarmx.prefetch' 8, 'io.efficiency' 7, 'kernel.gradient_bits' 6, 'io.factor' 5, 'kernel.layout_overlap' 4, 'memoryx.optimizer_sgd' 3, 'kernel.reduce_lanes' 2, 'activations.capacity' 1)
set label '0 s .. 200 ms' at 1.02, 16 left
set label 'fp16, fp32' at 1.02, 15 left
set label '750 MHz .. 1.4 GHz' at 1.02, 14 left
set label 'separate, shared' at 1.02, 13 left
set label '1 .. 64' at 1.02, 12 left
set label '0 cycles .. 16 cycles' at 1.02, 11 left
set label 'none, microthread' at 1.02, 10 left
set label '8 B .. 20 B' at 1.02, 9 left
set label '1 .. 8' at 1.02, 8 left
set label '0.8 .. 1' at 1.02, 7 left
set label '16 .. 48' at 1.02, 6 left
set label '1 .. 1.3' at 1.02, 5 left
set label 'none, microthread' at 1.02, 4 left
set label '40 Gparam/s .. 322 Gparam/s' at 1.02, 3 left
set label '2 .. 4' at 1.02, 2 left
set label '16 GB .. 256 GB' at 1.02, 1 left
plot 'posterior.dat' using (0.5):'place':(0.1):(0.9):(column('place') - 0.34):(column('place') + 0.34) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#999999' fillcolor rgb '#e6e6e6' title 'before: 10 to 90 %', \
  'posterior.dat' using 'median':'place':'p10':'p90':(column('place') - 0.2):(column('place') + 0.2) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'after: 10 to 90 %', \
  'posterior.dat' using 'median':'place' with points pointtype 7 pointsize 0.8 linecolor rgb '#222222' title 'median', \
  'posterior.dat' using 'nominal':'place' with points pointtype 2 pointsize 1 linewidth 2 linecolor rgb '#D55E00' title 'nominal'
