set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'lines.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Live weights over feature lines' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'attention-50.safetensors' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Input features in blocks of equal size, one a feature line, at most 32. The wafer waits for the highest; dashed (anywhere)' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'is the busiest line expected of as many zeros anywhere.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 1 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.175
set label 'feature line' at graph 0.5, screen 0.0983 center
set label 'live weights over the mean line''s' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:1.4575]
set xrange [-0.5:31.5]
plot 'lines.dat' index 0 using 'line':'over_mean' with histeps linewidth 1.3 linecolor rgb '#D55E00' title 'model.layers.0.self_attn.q_proj.weight: busiest 1.38, anywhere 1.18', \
  1.17895501039151 with lines dashtype 2 linewidth 1 linecolor rgb '#D55E00' notitle, \
  'lines.dat' index 1 using 'line':'over_mean' with histeps linewidth 1.3 linecolor rgb '#0072B2' title 'model.layers.0.self_attn.v_proj.weight: busiest 1.33, anywhere 1.18', \
  1.17895501039151 with lines dashtype 2 linewidth 1 linecolor rgb '#0072B2' notitle
