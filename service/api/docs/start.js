// Shows the OpenAPI document. Swagger UI would fill in the example of every optional parameter, and so
// send them all at once: here they move into the descriptions, and only the node is filled in.

function prepare(spec) {
  for (const operations of Object.values(spec.paths)) {
    for (const operation of Object.values(operations)) {
      for (const parameter of operation.parameters ?? []) {
        if (!parameter.required && parameter.example !== undefined) {
          parameter.description += `\n\nExample: \`${parameter.example}\``;
          delete parameter.example;
        }
      }
    }
  }
  // A proxy may have put the service below a path of its own; the page knows which.
  spec.servers ??= [{ url: new URL(".", location.href).pathname }];
  return spec;
}

fetch("openapi.json")
  .then((response) => response.json())
  .then((spec) =>
    SwaggerUIBundle({
      spec: prepare(spec),
      dom_id: "#docs",
      deepLinking: true,
      displayRequestDuration: true,
      docExpansion: "list",
      tryItOutEnabled: true,
      validatorUrl: null,
    }),
  );
