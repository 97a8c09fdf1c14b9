"""The lineage graph: runs, the versions that they used, and the versions that they produced."""
