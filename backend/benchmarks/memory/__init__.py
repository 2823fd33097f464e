"""What models need of a card's memory, counted on fake tensors of their real shapes."""
