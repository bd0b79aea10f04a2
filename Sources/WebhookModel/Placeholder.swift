enum WebhookModelPlaceholder {}
