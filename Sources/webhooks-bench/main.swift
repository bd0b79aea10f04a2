print("webhooks-bench")
