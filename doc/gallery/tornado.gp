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
set label '0.1' at -16.7259368037588, 16 right offset -0.6, 0
set label '0.5' at 29.971744706444, 16 left offset 0.6, 0
set label '1' at -15.858953233173, 15 right offset -0.6, 0
set label '64' at 2.38617351755372, 15 left offset 0.6, 0
set label '100 Gb/s' at 0, 14 right offset -0.6, 0
set label '10 Gb/s' at 17.2486687841605, 14 left offset 0.6, 0
set label 'local-block' at -14.5857048129164, 13 right offset -0.6, 0
set label 'dot-row-chain' at 0, 13 left offset 0.6, 0
set label '44.976 kB' at 0, 12 right offset -0.6, 0
set label '40 kB' at 9.45592714594081, 12 left offset 0.6, 0
set label '1.4 GHz' at -8.84591518568847, 11 right offset -0.6, 0
set label '750 MHz' at 0, 11 left offset 0.6, 0
set label 'fp16' at -8.32907737922576, 10 right offset -0.6, 0
set label 'fp32' at 0, 10 left offset 0.6, 0
set label '16 cycles' at -7.42071099175152, 9 right offset -0.6, 0
set label '0 cycles' at 0, 9 left offset 0.6, 0
set label 'ring' at -3.24060094653439, 8 right offset -0.6, 0
set label 'two-way' at 3.4954304397693, 8 left offset 0.6, 0
set label 'microthread' at 0, 7 right offset -0.6, 0
set label 'none' at 6.01488475685072, 7 left offset 0.6, 0
set label '256 GB' at 0, 6 right offset -0.6, 0
set label '16 GB' at 5.59430792279574, 6 left offset 0.6, 0
set label 'separate' at -5.02927389154247, 5 right offset -0.6, 0
set label 'shared' at 0, 5 left offset 0.6, 0
set label 'none' at -2.82364696134855, 4 right offset -0.6, 0
set label 'microthread' at 0, 4 left offset 0.6, 0
set label '2' at -2.78085323375608, 3 right offset -0.6, 0
set label '4' at 0, 3 left offset 0.6, 0
set label '1' at -0.284558656211165, 2 right offset -0.6, 0
set label '8' at 1.78676019577393, 2 left offset 0.6, 0
set label '0.8' at -0.4326116269884, 1 right offset -0.6, 0
set label '1' at 1.05564617328604, 1 left offset 0.6, 0
set xrange [-29.8012876266157:43.0470955293008]
set yrange [0.3:16.7]
set ytics ('kernel.attention_efficiency' 16, 'kernel.accumulator_slots' 15, 'activations.link' 14, 'kernel.dw_algorithm' 13, 'pe.sram_data' 12, 'wafer.clock' 11, 'kernel.acc_precision' 10, 'kernel.weight_overhead' 9, 'kernel.reduction' 8, 'kernel.backward_overlap' 7, 'activations.capacity' 6, 'kernel.backward' 5, 'kernel.reduction_overlap' 4, 'kernel.reduce_lanes' 3, 'activations.staged' 2, 'io.efficiency' 1)
set xzeroaxis
set arrow from 0, graph 0 to 0, graph 1 nohead linecolor rgb '#222222'
plot 'tornado.dat' using (0):'place':(0):'low_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#56B4E9' title 'value with the least speed-up', \
  'tornado.dat' using (0):'place':(0):'high_change':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb '#0072B2' title 'value with the largest speed-up'
