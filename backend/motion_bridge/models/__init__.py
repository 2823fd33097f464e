"""Image models and depth estimators: which there are, whether they are whole, and how they are used."""
