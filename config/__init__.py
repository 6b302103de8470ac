"""Settings, root URLs and the Celery app: wires the rooms together, decides nothing about the product.

It imports nothing by itself: the web's first process needs the settings alone, and Celery would be a third of its memory.
"""
