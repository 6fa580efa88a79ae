"""CIM (客户信息管理系统): the customer information system that a small team owns."""
