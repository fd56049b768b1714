set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'timeline.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Timeline of a training step: llama7b on cs3-silicon (64 systems)' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '70 % sparsity, 1024 sequences of 4096 tokens a step' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Time 0: the wafers (those without a fault) have finished the step before. Shown: all of it; a step takes 763.2 ms. White' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'lines separate the blocks of the model.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0 (model version 6).' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.6433
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'time [ms]' at graph 0.5, screen 0.1267 center
set label '' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set ytics ('MemoryX' 7, 'SwarmX down' 6, 'SwarmX up' 5, 'kept away' 4, 'fetched' 3, '63 wafers' 2, '1 wafer' 1)
set yrange [0.4:7.6]
set xrange [0:763.17389996101]
unset grid
set grid xtics
set lmargin at screen 0.165
plot 'timeline.dat' using (column('kind') == 0 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#56B4E9' title 'weights down', \
  'timeline.dat' using (column('kind') == 1 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#E69F00' title 'gradients up', \
  'timeline.dat' using (column('kind') == 2 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#009E73' title 'updates', \
  'timeline.dat' using (column('kind') == 3 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#999999' title 'activations sent', \
  'timeline.dat' using (column('kind') == 4 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#555555' title 'activations back', \
  'timeline.dat' using (column('kind') == 5 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#0072B2' title 'forward', \
  'timeline.dat' using (column('kind') == 6 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#CC79A7' title 'backward', \
  'timeline.dat' using (column('kind') == 7 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#D55E00' title 'waits for weights', \
  'timeline.dat' using (column('kind') == 8 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#F0E442' title 'waits to send gradients', \
  'timeline.dat' using (column('kind') == 10 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#000000' title 'boundary of two steps', \
  'timeline.dat' using (column('kind') == 11 ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb '#999999' title 'edge of the step'
