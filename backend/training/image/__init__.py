"""How the sketch image model was made: drawn pictures with captions, and its stages."""
