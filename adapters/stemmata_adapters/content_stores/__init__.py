"""Content stores: in memory and on local disk, with what further ones are made of."""
