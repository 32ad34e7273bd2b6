"""What the benchmarks share: a gateway to measure, the wire it talks on, and how what is found is put down."""
