set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'scaling.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Scaling over systems: llama7b on cs3-silicon, 70 % sparsity' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'strong scaling: 1024 sequences of 4096 tokens a step, shared by all systems' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'The blue part of a step is what linear speed-up over the first bar leaves of it; the rest is lost to the causes above it,' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'less what other causes take less than in the first bar. Numbers above: speed-up, 111.5 of 1024 at 1024 systems.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0 (model version 6), SwarmX of 5 tiers, clock 0.75 GHz.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8733
set rmargin at screen 0.69
set key at screen 0.695, screen 0.8733 left top Left reverse samplen 1.3 vertical maxcols 1 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'systems' at graph 0.5, screen 0.1267 center
set label 'share of the step [%]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set xtics ('1' 0, '2' 1, '4' 2, '8' 3, '16' 4, '32' 5, '64' 6, '128' 7, '256' 8, '512' 9, '1024' 10)
set xrange [-0.7:10.7]
set yrange [0:109]
set boxwidth 0.8
plot 'scaling.dat' using 'place':(sum [c=2:10] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#999999' title 'fill, other', \
  'scaling.dat' using 'place':(sum [c=2:9] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#009E73' title 'padding, recompute', \
  'scaling.dat' using 'place':(sum [c=2:8] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#56B4E9' title 'PE losses, reduction', \
  'scaling.dat' using 'place':(sum [c=2:6] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#CC79A7' title 'MemoryX, SwarmX', \
  'scaling.dat' using 'place':(sum [c=2:5] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#D55E00' title 'boundary of steps', \
  'scaling.dat' using 'place':(sum [c=2:4] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#F0E442' title 'egress', \
  'scaling.dat' using 'place':(sum [c=2:3] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#E69F00' title 'ingress', \
  'scaling.dat' using 'place':(sum [c=2:2] column(c)) with boxes fillstyle solid 1 border linecolor rgb '#ffffff' linewidth 0.6 fillcolor rgb '#0072B2' title 'linear speed-up', \
  'scaling.dat' every 1 using 'place':(104.5):(sprintf('%.3g', column('speedup'))) with labels notitle
