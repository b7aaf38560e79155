"""The encoder-decoders with recurrent cells."""
