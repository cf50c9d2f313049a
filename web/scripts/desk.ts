// What moves on the desk: custom elements, each in a file of its own.
export {};
