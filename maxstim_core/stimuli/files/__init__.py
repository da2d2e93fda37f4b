"""Reading a person's films, images and arrays."""
