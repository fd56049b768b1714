set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'pareto.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Throughput against energy' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b on several machines, 45 points' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'On the front: no other point is both faster and more frugal; it has hardware cs3-big-sram, sparsity 0.9, systems as' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'written. Energy of all systems and of MemoryX, as the records have it.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'throughput [thousand tokens/s]' at graph 0.5, screen 0.1267 center
set label 'tokens per joule' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set rmargin at screen 0.95
set label '16' at 5061.63467405432, 15.1764613540982 right offset 0, 0.9 font ',12' front
set label '8' at 2539.07092489991, 15.1955370146946 right offset 0, 0.9 font ',12' front
set label '4' at 1271.61051181822, 15.2050999384018 left offset 0, 0.9 font ',12' front
set label '1' at 318.292234263539, 15.2122693743082 left offset 0, 0.9 font ',12' front
set xrange [0:*]
set yrange [0:*]
set offsets 0, 0, graph 0.06, 0
plot 'pareto.dat' index 0 using (column('tokens_per_s') / 1000):'tokens_per_joule' with points pointtype 7 pointsize 0.7 linecolor rgb '#56B4E9' title 'points', \
  'pareto.dat' index 1 using (column('tokens_per_s') / 1000):'tokens_per_joule' with linespoints linewidth 2 pointtype 5 pointsize 1 linecolor rgb '#D55E00' title 'front'
