"""The SDK in the shape that W&B users know, in process and without a server."""
