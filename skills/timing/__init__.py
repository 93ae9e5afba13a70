"""What `skills.clock` is made of: places and their time zones."""
