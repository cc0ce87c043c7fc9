"""Plans: networks built by TensorRT for one kind of card, and the graphs that they are built from."""
