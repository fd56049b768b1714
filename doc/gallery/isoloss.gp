set datafile columnheaders
set contour base
unset surface
set cntrparam levels discrete 0.1
set table $level0
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set cntrparam levels discrete 0.5
set table $level1
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set cntrparam levels discrete 1
set table $level2
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set cntrparam levels discrete 2
set table $level3
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set cntrparam levels discrete 5
set table $level4
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set cntrparam levels discrete 10
set table $level5
splot 'isoloss.dat' index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with lines
unset table
set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'isoloss.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'The loss that a budget buys, over sparsity and size' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label '0.333333 system-days on cs3-silicon, law vit: least at 85.6 % sparsity and 285 M weights' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Every network is trained on as much data as the budget pays for at its simulated rate; the law (arXiv 2309.08520,' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'google-research/jaxpruner projects/bigsparse) says its loss. Contours: per cent above the least. If every weight cost its' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'FLOP, the law''s answer for as many weights alive would be 46.3 % sparsity (dotted).' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.8267
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 7 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'sparsity [%]' at graph 0.5, screen 0.1267 center
set label 'weights of the blocks, zeros included [M]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set logscale y
set format y '%g'
set xrange [0:100]
set arrow from first 46.2859024601809, graph 0 rto graph 0, graph 1 nohead dashtype 3 linecolor rgb '#666666'
plot $level0 using 1:2 with lines linewidth 2 linecolor rgb '#000000' title '0.1 %', $level1 using 1:2 with lines linewidth 2 linecolor rgb '#E69F00' title '0.5 %', $level2 using 1:2 with lines linewidth 2 linecolor rgb '#56B4E9' title '1 %', $level3 using 1:2 with lines linewidth 2 linecolor rgb '#009E73' title '2 %', $level4 using 1:2 with lines linewidth 2 linecolor rgb '#F0E442' title '5 %', $level5 using 1:2 with lines linewidth 2 linecolor rgb '#0072B2' title '10 %', 'isoloss.dat' index 1 using 'sparsity_percent':'weights_M' with points pointtype 7 pointsize 1.2 linecolor rgb '#000000' title 'least'
