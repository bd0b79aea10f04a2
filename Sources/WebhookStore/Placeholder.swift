enum WebhookStorePlaceholder {}
