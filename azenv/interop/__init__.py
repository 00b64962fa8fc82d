"""What other tools keep, in their own formats: Azure CLI's directory, Azure PowerShell's files."""
