set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'tornado.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'What the speed-up hangs on' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b on cs3-silicon, 70 % uniform sparsity: 2.171 times dense' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Each unpublished or disputed constant at the ends of its plausible range, the others as the machine has them; at most 16' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'that move it most.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'change of the speed-up [%]' at graph 0.5, screen 0.1267 center
set label '' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set lmargin at screen 0.26
set label '0.1' at -16.4775256703136, 16 right offset -0.6, 0
set label '0.5' at 29.9821844991594, 16 left offset 0.6, 0
set label '1' at -17.0791943001303, 15 right offset -0.6, 0
set label '64' at 3.29101210017917, 15 left offset 0.6, 0
set label '100 Gb/s' at 0, 14 right offset -0.6, 0
set label '10 Gb/s' at 14.3605334394724, 14 left offset 0.6, 0
set label 'local-block' at -14.3520871222326, 13 right offset -0.6, 0
set label 'dot-row-chain' at 0, 13 left offset 0.6, 0
set label '44.976 kB' at 0, 12 right offset -0.6, 0
set label '40 kB' at 9.13885145020199, 12 left offset 0.6, 0
set label 'fp16' at -8.66124114682537, 11 right offset -0.6, 0
set label 'fp32' at 0, 11 left offset 0.6, 0
set label '1.4 GHz' at -7.438534441908, 10 right offset -0.6, 0
set label '750 MHz' at 0, 10 left offset 0.6, 0
set label 'ring' at -3.68466420860286, 9 right offset -0.6, 0
set label 'two-way' at 3.0942239532, 9 left offset 0.6, 0
set label '16 cycles' at -6.36943176138911, 8 right offset -0.6, 0
set label '0 cycles' at 0, 8 left offset 0.6, 0
set label '256 GB' at 0, 7 right offset -0.6, 0
set label '16 GB' at 5.95488742306325, 7 left offset 0.6, 0
set label 'microthread' at 0, 6 right offset -0.6, 0
set label 'none' at 5.89896250014161, 6 left offset 0.6, 0
set label 'separate' at -5.02176522590578, 5 right offset -0.6, 0
set label 'shared' at 0, 5 left offset 0.6, 0
set label '1' at 0, 4 right offset -0.6, 0
set label '8' at 4.69135276635526, 4 left offset 0.6, 0
set label '2' at -3.23466833643995, 3 right offset -0.6, 0
set label '4' at 0, 3 left offset 0.6, 0
set label 'none' at -2.81891130740286, 2 right offset -0.6, 0
set label 'microthread' at 0, 2 left offset 0.6, 0
set label '2' at -2.02509895545866, 1 right offset -0.6, 0
set label '1' at 0, 1 left offset 0.6, 0
set xrange [-30.2563803639315:43.1593705629605]
set yrange [0.3:16.7]
set ytics ('kernel.attention_efficiency' 16, 'kernel.accumulator_slots' 15, 'activations.link' 14, 'kernel.dw_algorithm' 13, 'pe.sram_data' 12, 'kernel.acc_precision' 11, 'wafer.clock' 10, 'kernel.reduction' 9, 'kernel.weight_overhead' 8, 'activations.capacity' 7, 'kernel.backward_overlap' 6, 'kernel.backward' 5, 'activations.staged' 4, 'kernel.reduce_lanes' 3, 'kernel.reduction_overlap' 2, 'kernel.reduce_issues' 1)
set xzeroaxis
set arrow from 0, graph 0 to 0, graph 1 nohead linecolor rgb '#222222'
plot 'tornado.dat' using (0):'place':(0):'low_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'value with the least speed-up', \
  'tornado.dat' using (0):'place':(0):'high_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'value with the largest speed-up'
