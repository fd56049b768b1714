set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'pareto.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Throughput against energy' at screen 0.02, screen 0.9550 left font ',19' textcolor rgb '#000000'
set label 'llama7b on several machines, 45 points' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'On the front: no other point is both faster and more frugal. Energy of all systems and of MemoryX, as the records have it.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence.' at screen 0.02, screen 0.0250 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.1750
set label 'throughput [thousand tokens/s]' at graph 0.5, screen 0.0983 center
set label 'tokens per joule' at screen 0.025, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set rmargin at screen 0.95
set xrange [0:*]
set yrange [0:*]
plot 'pareto.dat' index 0 using (column('tokens_per_s') / 1000):'tokens_per_joule' with points pointtype 7 pointsize 0.7 linecolor rgb '#56B4E9' title 'points', \
  'pareto.dat' index 1 using (column('tokens_per_s') / 1000):'tokens_per_joule' with linespoints linewidth 2 pointtype 5 pointsize 1 linecolor rgb '#D55E00' title 'front'
