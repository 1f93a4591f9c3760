# As locales/en/pages.ftl.
