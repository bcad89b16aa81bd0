"""Transactional email, SMS, push and in-app notifications for Django."""
