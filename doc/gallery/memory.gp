set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'memory.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Memory of a wafer during a step: llama7b on cs3-silicon' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '70 % sparsity, a micro-batch of 86 (176128 tokens)' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'One micro-batch, forward and back, by the time of its arithmetic alone; weights pass through and do not lie on the wafer.' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'Peak (mark): 37.0 GB, in backward, down_proj, of decoder 29. The activation servers hold up to 37.5 GB.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0 (model version 6).' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.7167
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'time [ms]' at graph 0.5, screen 0.1267 center
set label 'memory [GB]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:41.022774]
set xrange [0:1218.25804933333]
set label at 361.808597999999, 37.0247319 '' point pointtype 10 pointsize 1.6 linecolor rgb '#000000' front
plot 'memory.dat' using 'time_ms':(column('resident_gb') + column('kept_gb') + column('values_gb') + column('gradients_gb')) with filledcurves y1=0 linecolor rgb '#E69F00' title 'gradients and their sums', \
  'memory.dat' using 'time_ms':(column('resident_gb') + column('kept_gb') + column('values_gb')) with filledcurves y1=0 linecolor rgb '#009E73' title 'activations at work', \
  'memory.dat' using 'time_ms':(column('resident_gb') + column('kept_gb')) with filledcurves y1=0 linecolor rgb '#56B4E9' title 'kept by the stage that runs', \
  'memory.dat' using 'time_ms':(column('resident_gb')) with filledcurves y1=0 linecolor rgb '#0072B2' title 'kept by other stages', \
  37.98405 with lines linewidth 2 linecolor rgb '#000000' title 'memory for activations', \
  'memory.dat' using 'time_ms':'sent_gb' with lines linewidth 2 dashtype 2 linecolor rgb '#D55E00' title 'at activation servers'
