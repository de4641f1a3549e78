"""What a customer's browser reaches: the chat widget and its socket, hosted forms, order tracking, the demo shop.

Pages are complete without scripts; modules make them live. Nothing here decides anything: a message is handed to
`core.receive`, and what a browser shows is what the log says about its own address. Every page sets a strict content
security policy of its own.
"""
