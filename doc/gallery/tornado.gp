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
set label '1' at -23.8299695004201, 16 right offset -0.6, 0
set label '64' at 2.35036875845624, 16 left offset 0.6, 0
set label '16 cycles' at -17.7962346974529, 15 right offset -0.6, 0
set label '0 cycles' at 1.10588348812299, 15 left offset 0.6, 0
set label 'none' at -11.2333661709448, 14 right offset -0.6, 0
set label 'microthread' at 0, 14 left offset 0.6, 0
set label 'local-block' at -11.086280952172, 13 right offset -0.6, 0
set label 'dot-row-chain' at 0, 13 left offset 0.6, 0
set label '1.4 GHz' at -7.28148848475608, 12 right offset -0.6, 0
set label '750 MHz' at 0, 12 left offset 0.6, 0
set label 'fp16' at -7.21678549347039, 11 right offset -0.6, 0
set label 'fp32' at 0, 11 left offset 0.6, 0
set label 'ring' at -3.67146012698671, 10 right offset -0.6, 0
set label 'two-way' at 3.42971527914155, 10 left offset 0.6, 0
set label 'microthread' at 0, 9 right offset -0.6, 0
set label 'none' at 6.49067858307368, 9 left offset 0.6, 0
set label '2' at -5.42624933775722, 8 right offset -0.6, 0
set label '4' at 0, 8 left offset 0.6, 0
set label '1' at 0, 7 right offset -0.6, 0
set label '0.8' at 4.16603352634033, 7 left offset 0.6, 0
set label 'none' at -3.647215527887, 6 right offset -0.6, 0
set label 'microthread' at 0, 6 left offset 0.6, 0
set label '1' at 0, 5 right offset -0.6, 0
set label '1.3' at 2.86505159510417, 5 left offset 0.6, 0
set label '0.02' at -1.90737456856717, 4 right offset -0.6, 0
set label '0.5' at 0.36779801199196, 4 left offset 0.6, 0
set label '2' at -1.86469424153809, 3 right offset -0.6, 0
set label '1' at 0, 3 left offset 0.6, 0
set label '40 kB' at 0, 2 right offset -0.6, 0
set label '44.976 kB' at 1.20237063718935, 2 left offset 0.6, 0
set label '8' at 0, 1 right offset -0.6, 0
set label '1' at 0.879699610502072, 1 left offset 0.6, 0
set xrange [-32.3197509637983:14.9804600464519]
set yrange [0.3:16.7]
set ytics ('kernel.accumulator_slots' 16, 'kernel.weight_overhead' 15, 'kernel.layout_overlap' 14, 'kernel.dw_algorithm' 13, 'wafer.clock' 12, 'kernel.acc_precision' 11, 'kernel.reduction' 10, 'kernel.backward_overlap' 9, 'kernel.reduce_lanes' 8, 'io.efficiency' 7, 'kernel.reduction_overlap' 6, 'io.factor' 5, 'pe.special_rate' 4, 'kernel.reduce_issues' 3, 'pe.sram_data' 2, 'activations.staged' 1)
set xzeroaxis
set arrow from 0, graph 0 to 0, graph 1 nohead linecolor rgb '#222222'
plot 'tornado.dat' using (0):'place':(0):'low_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'value with the least speed-up', \
  'tornado.dat' using (0):'place':(0):'high_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'value with the largest speed-up'
