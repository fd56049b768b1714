set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'roofline.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Linear layers and attention under the roof of the machine' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b on cs3-silicon, 70 % uniform sparsity, 200704 tokens on the wafer' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'Roof: 0.142 TB/s of payload each way, 10.8 PFLOP/s dense peak; they meet at 76 thousand FLOP a byte. Live weights only.' at screen 0.02, screen 0.11 left font ',12' textcolor rgb '#444444'
set label 'Named: forward and dW, + N: layers in the same place. A point below the roof is held by something else: imbalance,' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label 'reduction, issue cycles (plot layers). No byte of attention passes the edge.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.79
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 4 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2317
set label 'work per byte through the wafer''s edge [FLOP/B]' at graph 0.5, screen 0.155 center
set label 'achieved [PFLOP/s]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set logscale y
set yrange [0.748529187674914:17.28]
set ytics (0.8, 1, 1.5, 2, 3, 4, 6, 8, 10, 15)
set format x '%.0s%c'
set samples 400
set logscale x
set xrange [37894.7368421053:602112]
set xtics (50000, 100000, 200000, 500000)
set label 'q_proj + 5' at 91631.0497123596, 3.22474630833147 right offset -1.6, 0 font ',12' textcolor rgb '#444444' front
set label 'down_proj' at 94947.4287453561, 3.7376242434592 right offset -1.6, 0.7 font ',12' textcolor rgb '#444444' front
set label 'lm_head' at 182199.375886525, 3.97558071640426 right offset -1.6, 0.7 font ',12' textcolor rgb '#444444' front
plot (x * 0.0001425 < 10.8 ? x * 0.0001425 : 10.8) with lines linewidth 2 linecolor rgb '#000000' title 'roof', \
  'roofline.dat' index 0 using 'flop_per_byte':'pflops' with points pointtype 6 pointsize 1.9 linewidth 2 linecolor rgb '#0072B2' title 'forward', \
  'roofline.dat' index 1 using 'flop_per_byte':'pflops' with points pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#E69F00' title 'dX', \
  'roofline.dat' index 2 using 'flop_per_byte':'pflops' with points pointtype 9 pointsize 1.2 linewidth 2 linecolor rgb '#009E73' title 'dW', \
  'roofline.dat' index 3 using 'flop_per_byte':'pflops' with points pointtype 5 pointsize 0.9 linewidth 2 linecolor rgb '#D55E00' title 'backward', \
  2.30602033171432 with lines linewidth 2 dashtype (6,4) linecolor rgb '#0072B2' title 'attention forward', \
  1.49705837534983 with lines linewidth 2 dashtype (6,4) linecolor rgb '#D55E00' title 'attention backward'
