"""The house rules as functions from source code to complaints; tests/test_architecture.py applies them."""
