set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'decode.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Decoding under the roof of memory' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b, 70 % uniform sparsity, 1 sequence, prompts of 512 tokens, 128 generated' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Solid: simulated, by formats of weights (16, 8 and 4 bits, dense or a bit mask and the live values). Dashed: if moving' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'weights, keys and values were all: the roof. Between them: kernels, ways between PEs, fixed time a step. In SRAM:' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'hypothetical.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 3 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'bytes a weight, zeros included' at graph 0.5, screen 0.1267 center
set label 'tokens/s' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set logscale x
set xrange [0.2:5]
set xtics (0.2, 0.5, 1, 2, 5)
set logscale y
set yrange [3.81484778611339:6122.51221818792]
set ytics (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
plot 'decode.dat' index 0 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 7 linecolor rgb '#000000' title 'cs3-silicon, streamed', \
  'decode.dat' index 0 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#000000' notitle, \
  'decode.dat' index 1 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 5 linecolor rgb '#E69F00' title 'cs3-silicon, in SRAM, spread', \
  'decode.dat' index 1 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#E69F00' notitle, \
  'decode.dat' index 2 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 9 linecolor rgb '#56B4E9' title 'cs3-silicon, in SRAM, regions', \
  'decode.dat' index 2 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#56B4E9' notitle, \
  'decode.dat' index 3 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 11 linecolor rgb '#009E73' title 'h100', \
  'decode.dat' index 3 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#009E73' notitle, \
  'decode.dat' index 4 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 13 linecolor rgb '#F0E442' title 'h200', \
  'decode.dat' index 4 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#F0E442' notitle, \
  'decode.dat' index 5 using 'bytes_a_weight':'tokens_per_s' with linespoints linewidth 2 pointtype 15 linecolor rgb '#0072B2' title 'cpu-32', \
  'decode.dat' index 5 using 'bytes_a_weight':'memory_alone' with lines dashtype 2 linewidth 1 linecolor rgb '#0072B2' notitle
