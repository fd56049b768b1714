set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'tornado.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'What the speed-up hangs on' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b on cs3-silicon, 70 % uniform sparsity: 2.027 times dense' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Each unpublished or disputed constant at the ends of its plausible range, the others as the machine has them; at most 16' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'that move it most.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 1 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'change of the speed-up [%]' at graph 0.5, screen 0.1267 center
set label '' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set lmargin at screen 0.3
set label '1' at -23.7819686948884, 16 right offset -0.6, 0
set label '64' at 0.486187962844098, 16 left offset 0.6, 0
set label '16 cycles' at -17.7549240449844, 15 right offset -0.6, 0
set label '0 cycles' at 1.06356158234711, 15 left offset 0.6, 0
set label 'local-block' at -12.9270698495573, 14 right offset -0.6, 0
set label 'dot-row-chain' at 0, 14 left offset 0.6, 0
set label 'none' at -10.4898416921014, 13 right offset -0.6, 0
set label 'microthread' at 0, 13 left offset 0.6, 0
set label '1.4 GHz' at -7.27597307629779, 12 right offset -0.6, 0
set label '750 MHz' at 0, 12 left offset 0.6, 0
set label 'ring' at -3.68910241104543, 11 right offset -0.6, 0
set label 'two-way' at 3.41028807757597, 11 left offset 0.6, 0
set label 'fp16' at -6.74808626053229, 10 right offset -0.6, 0
set label 'fp32' at 0, 10 left offset 0.6, 0
set label '2' at -5.29725541679213, 9 right offset -0.6, 0
set label '4' at 0, 9 left offset 0.6, 0
set label 'microthread' at 0, 8 right offset -0.6, 0
set label 'none' at 4.7309559078202, 8 left offset 0.6, 0
set label '1' at 0, 7 right offset -0.6, 0
set label '0.8' at 4.14451758687071, 7 left offset 0.6, 0
set label 'none' at -3.6532493750691, 6 right offset -0.6, 0
set label 'microthread' at 0, 6 left offset 0.6, 0
set label '2' at -1.86065343233469, 5 right offset -0.6, 0
set label '1' at 0, 5 left offset 0.6, 0
set label 'ring' at -0.198182175291806, 4 right offset -0.6, 0
set label 'grid' at 1.60921253382362, 4 left offset 0.6, 0
set label '40 kB' at -0.0935430413607774, 3 right offset -0.6, 0
set label '44.976 kB' at 1.64484536026175, 3 left offset 0.6, 0
set label '0.02' at -1.03499635294033, 2 right offset -0.6, 0
set label '0.5' at 0.363153138890215, 2 left offset 0.6, 0
set label 'separate' at -1.01631799850662, 1 right offset -0.6, 0
set label 'shared' at 0, 1 left offset 0.6, 0
set xrange [-31.7655875836469:12.7145747965786]
set yrange [0.3:16.7]
set ytics ('kernel.accumulator_slots' 16, 'kernel.weight_overhead' 15, 'kernel.dw_algorithm' 14, 'kernel.layout_overlap' 13, 'wafer.clock' 12, 'kernel.reduction' 11, 'kernel.acc_precision' 10, 'kernel.reduce_lanes' 9, 'kernel.backward_overlap' 8, 'io.efficiency' 7, 'kernel.reduction_overlap' 6, 'kernel.reduce_issues' 5, 'kernel.attention_algorithm' 4, 'pe.sram_data' 3, 'pe.special_rate' 2, 'kernel.backward' 1)
set xzeroaxis
set arrow from 0, graph 0 to 0, graph 1 nohead linecolor rgb '#222222'
plot 'tornado.dat' using (0):'place':(0):'low_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'value with the least speed-up', \
  'tornado.dat' using (0):'place':(0):'high_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'value with the largest speed-up'
