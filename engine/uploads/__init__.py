"""Pictures that members bring, as files or by their addresses: fetched behind a guard, checked, made one form."""
