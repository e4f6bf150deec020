"""moto's Step Functions interpreter, extended to behave as AWS documents: one module per concern."""
