"""What `skills.chart` is made of. No module here imports matplotlib before a chart is drawn."""
