"""What `skills.calculate` is made of: expressions, numbers, units, dates; nothing is handed to Python to evaluate."""
