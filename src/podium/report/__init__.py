"""Terminal tables, the HTML report and plots."""
