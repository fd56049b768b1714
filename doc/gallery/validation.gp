set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'validation.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Published values against the simulation' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'left: simulated against published; right: their ratio by suite' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Each point is a published value and what cs3sim 0.1.0 gives for it: cycles, rates, ratios, in the unit of the source. Some' at screen 0.02, screen 0.1383 left font ',12' textcolor rgb '#444444'
set label 'constants of the fabric come from these very runs, the edge of a CS-2''s step from six rates of steps; of the gpu rows a' at screen 0.02, screen 0.11 left font ',12' textcolor rgb '#444444'
set label 'quarter, groups called fitted, gave that model its constants, the others were kept back. Limits and what could not be' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'reproduced are left out; ''cs3sim validate'' lists them. throughput: as the vendor states the machines; throughput-silicon' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'and steps: as measured.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8633
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 3 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.26
set label 'published' at graph 0.5, screen 0.1833 center
set label 'simulated' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set multiplot
set rmargin at screen 0.525
set key at graph 0.99, graph 0.02 right bottom Left reverse vertical maxcols 1 samplen 1.3
set logscale xy
set format xy '%.0s%c'
set xrange [0.0167590784691892:15837203.2]
set yrange [0.0167590784691892:15837203.2]
set samples 200
plot '+' using 1:($1*0.9):($1*1.1) with filledcurves linecolor rgb '#dddddd' title 'within 10 %', \
  '+' using 1:($1*0.95):($1*1.05) with filledcurves linecolor rgb '#aaaaaa' title 'within 5 %', \
  x with lines linewidth 1 linecolor rgb '#666666' notitle, \
  'validation.dat' index 0 using 'published':'simulated' with points linecolor rgb '#0072B2' pointtype 7 pointsize 0.7 notitle, \
  'validation.dat' index 1 using 'published':'simulated' with points linecolor rgb '#000000' pointtype 5 pointsize 0.7 notitle, \
  'validation.dat' index 2 using 'published':'simulated' with points linecolor rgb '#000000' pointtype 6 pointsize 0.7 notitle, \
  'validation.dat' index 3 using 'published':'simulated' with points linecolor rgb '#0072B2' pointtype 3 pointsize 0.7 notitle, \
  'validation.dat' index 4 using 'published':'simulated' with points linecolor rgb '#56B4E9' pointtype 5 pointsize 0.7 notitle, \
  'validation.dat' index 5 using 'published':'simulated' with points linecolor rgb '#009E73' pointtype 9 pointsize 0.7 notitle, \
  'validation.dat' index 6 using 'published':'simulated' with points linecolor rgb '#E69F00' pointtype 11 pointsize 0.7 notitle, \
  'validation.dat' index 7 using 'published':'simulated' with points linecolor rgb '#F0E442' pointtype 7 pointsize 0.7 notitle, \
  'validation.dat' index 8 using 'published':'simulated' with points linecolor rgb '#D55E00' pointtype 13 pointsize 0.7 notitle, \
  'validation.dat' index 9 using 'published':'simulated' with points linecolor rgb '#CC79A7' pointtype 15 pointsize 0.7 notitle
unset label
unset key
unset logscale
set logscale x
set format y
set format x '%g'
set lmargin at screen 0.72
set rmargin at screen 0.985
set xrange [0.174653113563256:15.5974414138772]
set grid noytics
set xtics (0.2, 0.5, 1, 2, 5, 10, 20)
set xlabel 'simulated / published' offset 0, 1
set object rectangle from 0.9, graph 0 to 1.1, graph 1 behind fillstyle solid noborder fillcolor rgb '#dddddd'
set object rectangle from 0.95, graph 0 to 1.05, graph 1 behind fillstyle solid noborder fillcolor rgb '#aaaaaa'
set ytics font ',12' ('fabric (527)' 0, 'flops (10)' 1, 'gpu (514)' 2, 'inference (21)' 3, 'memory (3)' 4, 'pe (48)' 5, 'sparse (35)' 6, 'steps (15)' 7, 'throughput (43)' 8, 'throughput-silicon (43)' 9)
set yrange [9.6:-0.6]
plot NaN notitle, \
  'validation.dat' index 0 using (column('simulated')/column('published')):'place' with points linecolor rgb '#0072B2' pointtype 7 pointsize 0.7 notitle, \
  'validation.dat' index 1 using (column('simulated')/column('published')):'place' with points linecolor rgb '#000000' pointtype 5 pointsize 0.7 notitle, \
  'validation.dat' index 2 using (column('simulated')/column('published')):'place' with points linecolor rgb '#000000' pointtype 6 pointsize 0.7 notitle, \
  'validation.dat' index 3 using (column('simulated')/column('published')):'place' with points linecolor rgb '#0072B2' pointtype 3 pointsize 0.7 notitle, \
  'validation.dat' index 4 using (column('simulated')/column('published')):'place' with points linecolor rgb '#56B4E9' pointtype 5 pointsize 0.7 notitle, \
  'validation.dat' index 5 using (column('simulated')/column('published')):'place' with points linecolor rgb '#009E73' pointtype 9 pointsize 0.7 notitle, \
  'validation.dat' index 6 using (column('simulated')/column('published')):'place' with points linecolor rgb '#E69F00' pointtype 11 pointsize 0.7 notitle, \
  'validation.dat' index 7 using (column('simulated')/column('published')):'place' with points linecolor rgb '#F0E442' pointtype 7 pointsize 0.7 notitle, \
  'validation.dat' index 8 using (column('simulated')/column('published')):'place' with points linecolor rgb '#D55E00' pointtype 13 pointsize 0.7 notitle, \
  'validation.dat' index 9 using (column('simulated')/column('published')):'place' with points linecolor rgb '#CC79A7' pointtype 15 pointsize 0.7 notitle
unset multiplot
