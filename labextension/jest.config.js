/** Services and components, without a page's canvas and without Lab. */
module.exports = {
  // Components say so at their head: `@jest-environment jsdom`.
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.{ts,tsx}'],
  transform: {
    '^.+\\.tsx?$': ['ts-jest', { tsconfig: '<rootDir>/test/tsconfig.json' }]
  },
  moduleNameMapper: {
    '^@jupyterlab/(coreutils|services|translation|ui-components)$':
      '<rootDir>/test/no_lab.ts',
    '^uplot$': '<rootDir>/test/no_canvas.ts'
  }
};
