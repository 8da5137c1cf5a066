"""Recurrent text models for Keras and TensorFlow."""
