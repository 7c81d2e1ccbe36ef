"""The chart: what the log says became of each planned dose. Data in `slots`, made from events by `reading`; report and exports begin here."""

from dosebell.chart.reading import read_chart
from dosebell.chart.slots import Answer, Chart, ChartedCourse, ChartedSlot, Correction, Hold, Interruption

__all__ = ["Answer", "Chart", "ChartedCourse", "ChartedSlot", "Correction", "Hold", "Interruption", "read_chart"]
