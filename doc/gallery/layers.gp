set terminal svg size 840,600 font 'sans-serif,15' background '#ffffff' noenhanced
set output 'layers.svg'
set encoding utf8
set decimalsign '.'
set datafile columnheaders
set label 'Where the linear layers'' cycles go' at screen 0.02, screen 0.955 left font ',19' textcolor rgb '#000000'
set label 'llama7b on cs3-silicon, 70 % uniform sparsity' at screen 0.02, screen 0.9117 left font ',15' textcolor rgb '#444444'
set label 'All instances of a layer, three passes, without recomputation. Above the bars: speed-up over dense weights, per token.' at screen 0.02, screen 0.0817 left font ',12' textcolor rgb '#444444'
set label '200704 tokens on the wafer.' at screen 0.02, screen 0.0533 left font ',12' textcolor rgb '#444444'
set label 'Source: simulated by cs3sim 0.1.0, fidelity recurrence, seed 1.' at screen 0.02, screen 0.025 left font ',12' textcolor rgb '#444444'
set tmargin at screen 0.7533
set rmargin at screen 0.975
set key at screen 0.09, screen 0.8867 left top Left reverse samplen 2.5 horizontal maxcols 2 font ',14' textcolor rgb '#222222'
set lmargin at screen 0.1
set bmargin at screen 0.2033
set label 'linear layer' at graph 0.5, screen 0.1267 center
set label 'share of the training step [%]' at screen 0.02, graph 0.5 center rotate by 90
set border 3 linecolor rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set xtics offset 0, 0.4
set grid back linetype 1 linecolor rgb '#dddddd' linewidth 0.8
set yrange [0:13.5886163825598]
set xrange [-0.6:7.6]
set xtics font ',10' ('gate_proj' 0, 'up_proj' 1, 'down_proj' 2, 'q_proj' 3, 'k_proj' 4, 'v_proj' 5, 'o_proj' 6, 'lm_head' 7)
set boxwidth 0.7
set label '2.68 x' at 0, 12.1326931987141 center offset 0, 0.6
set label '2.68 x' at 1, 12.1326931987141 center offset 0, 0.6
set label '2.90 x' at 2, 10.5133289221109 center offset 0, 0.6
set label '2.66 x' at 3, 4.55930039850364 center offset 0, 0.6
set label '2.66 x' at 4, 4.55930039850364 center offset 0, 0.6
set label '2.66 x' at 5, 4.55930039850364 center offset 0, 0.6
set label '2.66 x' at 6, 4.55930039850364 center offset 0, 0.6
set label '1.12 x' at 7, 3.03993278795684 center offset 0, 0.6
plot 'layers.dat' using 'place':(0 + column('arithmetic') + column('pe_losses') + column('reduction') + column('ingress') + column('egress') + column('fill')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#bbbbbb' title 'fill', \
  'layers.dat' using 'place':(0 + column('arithmetic') + column('pe_losses') + column('reduction') + column('ingress') + column('egress')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#F0E442' title 'egress', \
  'layers.dat' using 'place':(0 + column('arithmetic') + column('pe_losses') + column('reduction') + column('ingress')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#E69F00' title 'ingress', \
  'layers.dat' using 'place':(0 + column('arithmetic') + column('pe_losses') + column('reduction')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#D55E00' title 'reduction', \
  'layers.dat' using 'place':(0 + column('arithmetic') + column('pe_losses')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#000000' title 'imbalance, issue, idle PEs', \
  'layers.dat' using 'place':(0 + column('arithmetic')) with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb '#0072B2' title 'MACs at peak'
