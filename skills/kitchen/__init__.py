"""Skills of the household robot: navigation by a library's path search, pick, put and drawer by learned policies."""
