# By report.py, which puts before it: output, panels, and for each panel title_N, data_N and columns_N.
set terminal svg size 1100, 360 * panels font "sans-serif,13" background "white"
set output output
set datafile separator "\t"
set datafile missing "?"
set style data histograms
set style histogram clustered gap 1
set style fill solid noborder
set boxwidth 0.9
set grid ytics linecolor "#dddddd"
set border 3 linecolor "#888888"
set xtics nomirror scale 0
set ytics nomirror
set yrange [0:*]
set key outside right top vertical autotitle columnheader
set bmargin 4
set linetype 1 linecolor "#9aa5b1"
set linetype 2 linecolor "#1f77b4"
set linetype 3 linecolor "#cfe3f2"
set ylabel "times wireguard-go"
set multiplot layout panels, 1
do for [panel = 1:panels] {
  set title value(sprintf("title_%d", panel))
  plot for [column = 2:(value(sprintf("columns_%d", panel)) + 1)] value(sprintf("data_%d", panel)) using column:xtic(1) linetype column - 1
}
unset multiplot
